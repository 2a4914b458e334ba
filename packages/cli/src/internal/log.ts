/** Warnings and requests on standard error, one line each. */

import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Globals } from "./globals.js"

const line = Logger.make<unknown, void>(({ annotations, logLevel, message }) => {
  const texts = Array.isArray(message) ? message : [message]
  const pairs = [...HashMap.entries(annotations)].map(([key, value]) => `${key}=${String(value)}`)
  const level = LogLevel.greaterThanEqual(logLevel, LogLevel.Error)
    ? "error: "
    : LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)
      ? "warning: "
      : ""
  process.stderr.write(`${level}${[...texts.map(String), ...pairs].join(" ")}\n`)
})

export const layer = ({ debug, quiet, verbose }: Pick<Globals, "debug" | "quiet" | "verbose">): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, line),
    Logger.minimumLogLevel(debug ? LogLevel.Debug : verbose ? LogLevel.Info : quiet ? LogLevel.Error : LogLevel.Warning)
  )
