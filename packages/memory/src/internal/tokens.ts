import type { Directory, Project, User } from "./directory.js"
import type { Caller } from "./wire.js"

/** What a login has issued. */
export interface Token {
  readonly id: string
  /** Ordinal (from 1) of the login that issued the token. */
  readonly login: number
  readonly methods: ReadonlyArray<string>
  readonly user: User
  readonly project: Project | undefined
  readonly domainId: string | undefined
  readonly system: boolean
  readonly roles: ReadonlyArray<string>
  readonly auditIds: ReadonlyArray<string>
  readonly issuedAt: number
  readonly expiresAt: number
  readonly applicationCredential: ApplicationCredential | undefined
}

export interface ApplicationCredential {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly secret: string
  readonly userId: string
  readonly projectId: string
  readonly roles: ReadonlyArray<string>
  readonly expiresAt: number | undefined
  readonly unrestricted: boolean | null
  readonly accessRules: ReadonlyArray<unknown> | undefined
}

export interface Tokens {
  readonly issue: (token: Omit<Token, "id" | "login" | "issuedAt">, now: number) => Token
  /** The token, unless it is unknown, revoked or expired. */
  readonly find: (id: string, now: number) => Token | undefined
  /** The token, also if it is revoked or has expired. Tokens that have long expired are deleted. */
  readonly peek: (id: string) => Token | undefined
  readonly revoke: (id: string) => void
  readonly revokeWhere: (predicate: (token: Token) => boolean) => void
  readonly issued: () => number
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

export const randomText = (length: number): string => {
  const bytes = new Uint8Array(length)
  globalThis.crypto.getRandomValues(bytes)
  let text = ""
  for (const byte of bytes) text += alphabet.charAt(byte & 63)
  return text
}

export const randomHex = (): string => globalThis.crypto.randomUUID().replaceAll("-", "")

export const makeTokens = (): Tokens => {
  const tokens = new Map<string, Token>()
  const revoked = new Set<string>()
  let issued = 0
  return {
    issue: (token, now) => {
      issued += 1
      const made: Token = { ...token, id: `gAAAAAB${randomText(180)}`, login: issued, issuedAt: now }
      // A long-lived cloud must not keep expired tokens.
      if (issued % 256 === 0) {
        for (const old of tokens.values()) {
          if (old.expiresAt > now) continue
          tokens.delete(old.id)
          revoked.delete(old.id)
        }
      }
      tokens.set(made.id, made)
      return made
    },
    find: (id, now) => {
      const token = tokens.get(id)
      return token === undefined || token.expiresAt <= now || revoked.has(id) ? undefined : token
    },
    peek: (id) => tokens.get(id),
    revoke: (id) => {
      if (tokens.has(id)) revoked.add(id)
    },
    revokeWhere: (predicate) => {
      for (const token of tokens.values()) if (predicate(token)) revoked.add(token.id)
    },
    issued: () => issued
  }
}

/** The caller that Glance's middleware takes from a token. The project is empty for a token without one. */
export const callerOf = (token: Token): Caller => ({
  projectId: token.project?.id ?? "",
  userId: token.user.id,
  roles: token.roles
})

export const rolesOn = (user: User, project: Project): ReadonlyArray<string> => user.roles.get(project.id) ?? []

/** The default user of a port: the first who has a role on the project. */
export const userOf = (directory: Directory, project: Project): User | undefined =>
  directory.users.find((user) => user.enabled && rolesOn(user, project).length > 0)
