import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Images from "@effect-glance/core/Images"
import * as Circuit from "@effect-glance/http/Circuit"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Throttle from "@effect-glance/http/Throttle"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor, ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base"
import { Effect, Layer, Logger, LogLevel, Stream } from "effect"

// To the console. An OTLP exporter would send the same to a collector.
const telemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "nightly-report" },
  spanProcessor: new BatchSpanProcessor(new ConsoleSpanExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

// At most four requests at once and ten in a second. If the cloud is down, no request is sent for half a minute.
const cloud = Cloud.layerEnv().pipe(
  Layer.provide(Throttle.layer({ concurrency: 4, perSecond: 10 })),
  Layer.provide(Circuit.layer({ failures: 5, delay: "30 seconds" }))
)

const report = Effect.gen(function* () {
  const images = yield* Images.Images
  const count = yield* Stream.runCount(images.listAll({ status: "active" }))
  yield* Effect.log(`${count} active images`)
}).pipe(Effect.withSpan("report"))

report.pipe(
  Effect.provide(Layer.provide(Images.layer, cloud)),
  Effect.provide(NodeTransport.layer),
  Effect.provide(telemetry),
  Logger.withMinimumLogLevel(LogLevel.Debug),
  NodeRuntime.runMain
)
