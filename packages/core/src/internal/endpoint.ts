/** An endpoint of the Image API as a value: everything about a route that `Operations.request` needs. */
import * as Schema from "effect/Schema"
import type * as Answer from "../Answer.js"
import * as GlanceError from "../GlanceError.js"
import type * as Response from "./response.js"

type NameIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NameIn<Rest> : never

/** The parameters in a path template: `/images/{imageId}` has `imageId`. */
export type PathParameters<Path extends string> = { readonly [Name in NameIn<Path>]: string }

/** An error class, or a function that makes an error. Both get the response, and the parameters of the request. */
export type Meaning<P> =
  | (new (
      fields: Answer.Answer & P
    ) => GlanceError.GlanceError)
  | ((fields: Answer.Answer & P) => GlanceError.GlanceError)

/** What statuses mean to an endpoint. All other statuses mean the same to every endpoint. */
export type Meanings<P> = { readonly [status: number]: Meaning<P> }

type MeantBy<M> = M extends new (fields: never) => infer E ? E : M extends (fields: never) => infer E ? E : never

/** The errors of statuses that mean the same everywhere. */
interface CommonMeanings {
  readonly 400: GlanceError.BadRequest
  readonly 403: GlanceError.Forbidden
  readonly 413: GlanceError.QuotaExceeded
}

/** What a request can end in: the errors of its own meanings, and the common ones of all other statuses. */
export type ErrorOf<M> =
  | MeantBy<M[keyof M]>
  | Exclude<GlanceError.RequestError, CommonMeanings[keyof M & keyof CommonMeanings]>

/** The error of a parameter that cannot be in a path. */
type PathError<Path extends string> = [NameIn<Path>] extends [never] ? never : GlanceError.InvalidArgument

/** The errors that a request of an endpoint can end in. */
export type ErrorIn<E> = E extends { readonly Errors?: infer Errors } ? Errors : never

/** Which client of the port sends the request. */
export type Service = "image" | "imageVersions" | "objectStore"

export interface Endpoint<P, A, E> {
  /** The operation that this request is all of, as `Module.function`. */
  readonly operation: string
  readonly service: Service
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** As `/images/{imageId}`. */
  readonly path: string
  /** `path` below the root of its service, as spans and metrics name it: `/v2/images/{image_id}`. */
  readonly route: string
  /** What the caller calls the parameters of the path. */
  readonly argumentNames: { readonly [parameter: string]: string }
  readonly body: ((parameters: P) => unknown) | undefined
  readonly contentType: string
  readonly success: Response.Read<A>
  /** A status beyond 2xx that is a success. */
  readonly alsoSuccess: number | undefined
  readonly errorOf: (fields: Answer.Answer & P) => GlanceError.GlanceError | undefined
  /** Only a type: the errors that a request can end in. */
  readonly Errors?: E
}

interface Spec<P, A, M> {
  readonly success: Response.Read<A>
  readonly errors?: M
  /** The JSON to send. Parameters that only the body has are those of this function. */
  readonly body?: (parameters: P) => unknown
  /** @default application/json */
  readonly contentType?: string
  readonly alsoSuccess?: number
  readonly argumentNames?: { readonly [parameter: string]: string }
  /** @default image */
  readonly service?: Service
}

const roots: { readonly [S in Service]: string } = { image: "/v2", imageVersions: "", objectStore: "/v1/{account}" }

const argumentNames = { imageId: "image", memberId: "projectId", taskId: "task" }

const snakeCase = (path: string): string => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const isClass = <P>(meaning: Meaning<P>): meaning is new (fields: Answer.Answer & P) => GlanceError.GlanceError =>
  Schema.isSchema(meaning)

const make =
  (method: Endpoint<never, never, never>["method"]) =>
  <
    const Path extends string,
    A,
    Body = unknown,
    M extends Meanings<PathParameters<Path> & Body> = Record<never, never>
  >(
    operation: string,
    path: Path,
    { errors, service = "image", ...spec }: Spec<PathParameters<Path> & Body, A, M>
  ): Endpoint<PathParameters<Path> & Body, A, ErrorOf<M> | PathError<Path>> => ({
    operation,
    service,
    method,
    path,
    route: `${roots[service]}${snakeCase(path)}`,
    argumentNames: { ...argumentNames, ...spec.argumentNames },
    body: spec.body,
    contentType: spec.contentType ?? "application/json",
    success: spec.success,
    alsoSuccess: spec.alsoSuccess,
    errorOf: (fields) => {
      const meaning: Meaning<PathParameters<Path> & Body> | undefined = errors?.[fields.status]
      return meaning === undefined ? undefined : isClass(meaning) ? new meaning(fields) : meaning(fields)
    }
  })

export const get = make("GET")
export const head = make("HEAD")
export const post = make("POST")
export const put = make("PUT")
export const patch = make("PATCH")
export const del = make("DELETE")

/** The meaning of a status that says that the cloud lacks a capability, named as in "this cloud lacks …". */
export const lacks =
  (capability: string) =>
  ({ detail, requestId }: Answer.Answer): GlanceError.CapabilityMissing =>
    new GlanceError.CapabilityMissing({ capability, detail, requestId })
