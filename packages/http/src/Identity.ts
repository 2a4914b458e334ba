/**
 * The identity of the caller: a token, and the catalog that it gives access to. All fibers share one login.
 *
 * @since 0.1.0
 */
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type * as Catalog from "./Catalog.js"

/**
 * The result of a login.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  readonly token: Redacted.Redacted<string>
  /**
   * When the token was issued and when it expires, in milliseconds since 1970 by this machine's clock. None for a token
   * that does not expire, as far as is known.
   */
  readonly lifetime: Option.Option<{ readonly issuedAt: number; readonly expiresAt: number }>
  /** The project that the token is scoped to. */
  readonly projectId: Option.Option<string>
  readonly catalog: Catalog.Catalog
}

/**
 * The time limit and the retries of a login. A login is retried after the same failures as a GET, because two logins do
 * no harm. An invalid option (NaN, a time that is not above zero) is replaced by its default. Negative retries count as 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions {
  /**
   * The time limit of a login, retries included.
   *
   * @default 60 seconds
   */
  readonly timeLimit?: Duration.DurationInput | undefined
  /**
   * Retries of a login.
   *
   * @default 3
   */
  readonly retries?: number | undefined
  /**
   * The back-off before the first retry, varied by up to a fifth. It doubles with each retry.
   *
   * @default 200 milliseconds
   */
  readonly backoff?: Duration.DurationInput | undefined
}

/**
 * The cached session of the caller, which is renewed when needed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Returns the cached session until shortly before its token expires, or else logs in. */
  readonly session: Effect.Effect<Session, GlanceError.ConnectionError>
  /**
   * Returns another session than the given one, whose token was rejected: the cached one if it was renewed since. An
   * identity that cannot be renewed returns the same session.
   */
  readonly renew: (refused: Session) => Effect.Effect<Session, GlanceError.ConnectionError>
  /**
   * Returns a session whose token is valid for at least the given time, or half of its whole life if that is less: the
   * cached one, or else that of a new login.
   */
  readonly lasting: (life: Duration.Duration) => Effect.Effect<Session, GlanceError.ConnectionError>
}

/**
 * The caller's identity.
 *
 * @since 0.1.0
 * @category tags
 */
export class Identity extends Context.Tag("@effect-glance/http/Identity")<Identity, Service>() {}

/** A token is renewed when a tenth of its life is left, at most a minute before its end. */
const marginShare = 0.1
const maxMargin = 60_000

const isFresh = ({ lifetime }: Session, now: number): boolean =>
  Option.match(lifetime, {
    onNone: () => true,
    onSome: ({ expiresAt, issuedAt }) =>
      now < expiresAt - Math.min(maxMargin, Math.max(0, expiresAt - issuedAt) * marginShare)
  })

/** Half of a whole life is always enough, or a short-lived token would be renewed for each request. */
const lastsFor = ({ lifetime }: Session, now: number, life: Duration.Duration): boolean =>
  Option.match(lifetime, {
    onNone: () => true,
    onSome: ({ expiresAt, issuedAt }) =>
      expiresAt - now >= Math.min(Duration.toMillis(life), Math.max(0, expiresAt - issuedAt) / 2)
  })

type Login = Effect.Effect<Session, GlanceError.ConnectionError>

/** The session of the last login, and the outcome of the login that is under way. */
interface State {
  readonly session: Option.Option<Session>
  readonly login: Option.Option<Deferred.Deferred<Session, GlanceError.ConnectionError>>
}

/**
 * Caches the session that `login` returns. The login runs in the scope, so that it continues for other waiting fibers
 * if the first one is interrupted. All waiting fibers share its failure, which is not cached: the next caller logs in
 * again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (login: Login): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const state = yield* Ref.make<State>({ session: Option.none(), login: Option.none() })

    const start = (outcome: Deferred.Deferred<Session, GlanceError.ConnectionError>) =>
      Effect.interruptible(login).pipe(
        Effect.onExit((exit) =>
          Ref.update(state, ({ session }) => ({
            session: Exit.isSuccess(exit) ? Option.some(exit.value) : session,
            login: Option.none()
          })).pipe(Effect.zipRight(Deferred.done(outcome, exit)))
        ),
        Effect.forkIn(scope)
      )

    /** The cached session if it is usable, else that of the login under way, else that of a new one. */
    const current = (isUsable: (session: Session, now: number) => boolean): Login =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const usable = (cached: State["session"]) =>
          Option.filter(cached, (session) => isFresh(session, now) && isUsable(session, now))
        const cached = usable((yield* Ref.get(state)).session)
        if (Option.isSome(cached)) return cached.value
        const outcome = yield* Deferred.make<Session, GlanceError.ConnectionError>()
        return yield* Effect.uninterruptibleMask((restore) =>
          // Decides in one step, because another fiber may have started or ended a login since.
          Ref.modify(state, (state): readonly [Login, State] => {
            const cached = usable(state.session)
            if (Option.isSome(cached)) return [Effect.succeed(cached.value), state]
            if (Option.isSome(state.login)) return [restore(Deferred.await(state.login.value)), state]
            const started = Effect.zipRight(start(outcome), restore(Deferred.await(outcome)))
            return [started, { ...state, login: Option.some(outcome) }]
          }).pipe(Effect.flatten)
        )
      })

    return {
      session: current(() => true),
      renew: (refused) => current((session) => session !== refused),
      lasting: (life) => current((session, now) => lastsFor(session, now, life))
    }
  })

/**
 * Makes an identity of a session that is never renewed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fixed = (session: Session): Service => ({
  session: Effect.succeed(session),
  renew: () => Effect.succeed(session),
  lasting: () => Effect.succeed(session)
})
