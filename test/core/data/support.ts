/** Image data over a port that a function answers. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { GlanceClient, Image, ImageData } from "@effect-glance/core"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { imageRecord } from "../../support/records.js"

export const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

export type Execute = (request: HttpClientRequest.HttpClientRequest) => ReturnType<GlanceClient.Client["execute"]>

export const web = (request: HttpClientRequest.HttpClientRequest, response: Response) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, response))

/** The service over a port with one image: its record, and what answers requests for its data. */
export const over = (record: Record<string, unknown>, file: Execute) =>
  Effect.provide(
    ImageData.make,
    Layer.merge(
      NodeHasher.layer,
      Layer.succeed(GlanceClient.GlanceClient, {
        client: GlanceClient.makeClient((request) =>
          request.url.endsWith("/file") ? file(request) : web(request, Response.json(imageRecord(record)))
        ),
        unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no test asks for versions")),
        ensureToken: () => Effect.void,
        projectId: Effect.succeedNone,
        objectStore: Effect.succeedNone,
        timeLimit: Duration.minutes(1)
      })
    )
  )

/** The answers in their order; the last one repeats. Counts the requests. */
export const inOrder = (...answers: ReadonlyArray<(request: HttpClientRequest.HttpClientRequest) => Response>) => {
  let count = 0
  const execute: Execute = (request) => {
    const answer = answers[Math.min(count++, answers.length - 1)]
    return answer === undefined ? Effect.dieMessage("no answer") : web(request, answer(request))
  }
  return { execute, count: () => count }
}

export const retryAfter = (error: unknown) =>
  Option.map(
    (error as { readonly retryAfter?: Option.Option<Duration.Duration> }).retryAfter ?? Option.none(),
    Duration.toMillis
  )
