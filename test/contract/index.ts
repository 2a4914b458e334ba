/** What must hold on every cloud, the one in memory and the real one. */

import type * as HttpClient from "@effect/platform/HttpClient"
import { layer } from "@effect/vitest"
import * as Layer from "effect/Layer"
import { cache } from "./cache.js"
import * as Cloud from "./cloud.js"
import { creation } from "./creation.js"
import { directory } from "./directory.js"
import { discovery } from "./discovery.js"
import { formats } from "./formats.js"
import { images } from "./images.js"
import { imports } from "./imports.js"
import { listing } from "./listing.js"
import { locations } from "./locations.js"
import { logins } from "./logins.js"
import { members } from "./members.js"
import { metadefs } from "./metadefs.js"
import { watching } from "./observed.js"
import { quirks } from "./quirks.js"
import { session } from "./session.js"
import { stores } from "./stores.js"
import { tags } from "./tags.js"
import { tasks } from "./tasks.js"
import * as Web from "./web.js"

export const contract = <E>(name: string, cloud: Layer.Layer<Cloud.TheCloud | HttpClient.HttpClient, E>): void => {
  layer(Layer.merge(Layer.provideMerge(Cloud.layer, cloud), Web.layer), {
    excludeTestServices: true,
    timeout: "60 seconds"
  })(name, (tests) => {
    const { it, last } = watching(tests)
    images(it)
    listing(it)
    members(it)
    tags(it)
    tasks(it)
    imports(it)
    discovery(it)
    creation(it)
    stores(it)
    locations(it)
    formats(it)
    cache(it)
    session(it)
    logins(it)
    directory(it)
    metadefs(it)
    quirks(it)
    last()
  })
}
