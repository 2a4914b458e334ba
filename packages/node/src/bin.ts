#!/usr/bin/env node
/**
 * `glance-memory`: a cloud in memory on a port, until it is stopped.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeMemoryCommand from "./NodeMemoryCommand.js"

NodeRuntime.runMain(NodeMemoryCommand.run(process.argv.slice(2)))
