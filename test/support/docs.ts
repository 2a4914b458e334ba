/** Runs the programs of the documentation on a cloud in memory. */
import { format } from "node:util"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Glance } from "@effect-glance/core"
import { MemoryCloud } from "@effect-glance/memory"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"

/** All services on a fresh cloud, the cloud itself, and the files of this machine. */
export const cloud = (options?: Parameters<typeof MemoryCloud.layer>[0]) =>
  Layer.merge(Layer.provideMerge(Glance.layer, MemoryCloud.layer(options)), NodeFileSystem.layer)

/** Runs a program, and returns the lines that it prints with `Console.log`, and its result. */
export const printed = <A, E, R>(
  program: Effect.Effect<A, E, R>
): Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly result: A }, E, R> =>
  Console.consoleWith((current) => {
    const lines: Array<string> = []
    const log = (...args: ReadonlyArray<unknown>) => Effect.sync(() => void lines.push(format(...args)))
    return Effect.map(Console.withConsole(program, { ...current, log }), (result) => ({ lines, result }))
  })

/** Runs a program that waits, and moves the test's clock until it has ended. */
export const ended = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(program)
    yield* TestClock.adjust("1 day")
    return yield* Fiber.join(fiber)
  })

/** All services on a cloud that is there already. */
export const services = (cloud: MemoryCloud.Service, options?: MemoryCloud.PortOptions) =>
  Layer.provide(Glance.layer, MemoryCloud.layerPort(cloud, options))
