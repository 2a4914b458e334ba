import * as Hasher from "@effect-glance/core/Hasher"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"

/** Makes a service that hashes data with threads, which live as long as the scope. */
export const withThreads = <A, E, R>(make: Effect.Effect<A, E, R>) =>
  Effect.flatMap(NodeHasher.make, (hasher) => Effect.provideService(make, Hasher.Hasher, hasher))
