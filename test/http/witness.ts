/** Writes down all that a program lets out: spans, log lines, errors, in every way that they can be printed. */
import { inspect } from "node:util"
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"

export interface Witness {
  /** Everything that came out, in the order in which it did. */
  readonly texts: ReadonlyArray<string>
  readonly spans: ReadonlyArray<RecordedSpan>
  readonly lines: ReadonlyArray<string>
  /** Runs what may fail, and writes down how it ends. */
  readonly watch: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Exit.Exit<void, E>, never, R>
  readonly layer: Layer.Layer<never>
}

/** A span that keeps all it is told. */
class RecordedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly spanId: string
  readonly traceId = "trace"
  readonly sampled = true
  readonly attributes = new Map<string, unknown>()
  status: Tracer.SpanStatus
  readonly links: ReadonlyArray<Tracer.SpanLink>

  constructor(
    readonly name: string,
    readonly parent: Option.Option<Tracer.AnySpan>,
    readonly context: Tracer.Span["context"],
    links: ReadonlyArray<Tracer.SpanLink>,
    startTime: bigint,
    readonly kind: Tracer.SpanKind,
    id: number,
    private readonly tell: (...values: ReadonlyArray<unknown>) => void
  ) {
    this.links = links
    this.spanId = `span-${id}`
    this.tell(name)
    this.status = { _tag: "Started", startTime }
  }
  attribute(key: string, value: unknown) {
    this.attributes.set(key, value)
    this.tell(key, value)
  }
  event(name: string, startTime: bigint, attributes?: Record<string, unknown>) {
    this.tell({ name, startTime, attributes })
  }
  addLinks(links: ReadonlyArray<Tracer.SpanLink>) {
    this.tell(links)
  }
  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>) {
    this.tell(exit)
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }
}

const attempt = (print: () => unknown): string => {
  try {
    return String(print())
  } catch (error) {
    return `cannot be printed: ${String(error)}`
  }
}

/** All the ways in which a value gets into a log, a report, a message. */
const printed = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" || typeof value === "number" ? [String(value)] : printedObject(value)

const printedObject = (value: unknown): ReadonlyArray<string> => [
  attempt(() => String(value)),
  attempt(() => JSON.stringify(value)),
  attempt(() => JSON.stringify(value, null, 2)),
  attempt(() => inspect(value, { depth: null, showHidden: true })),
  attempt(() => inspect(value, { depth: null, getters: true })),
  attempt(() => Inspectable.toStringUnknown(value)),
  attempt(() => Inspectable.format(value)),
  ...(value instanceof Error
    ? [value.message, value.stack ?? "", ...(value.cause === undefined ? [] : printed(value.cause)), ...encoded(value)]
    : [])
]

/** A tagged error as it goes over a wire. */
const encoded = (error: Error): ReadonlyArray<string> => {
  const schema: unknown = error.constructor
  return Schema.isSchema(schema)
    ? [attempt(() => JSON.stringify(Schema.encodeUnknownSync(schema as Schema.Schema<unknown>)(error)))]
    : []
}

const ofCause = (cause: Cause.Cause<unknown>): ReadonlyArray<string> => [
  ...printed(cause),
  Cause.pretty(cause),
  Cause.pretty(cause, { renderErrorCause: true }),
  ...Array.flatMap([...Cause.failures(cause), ...Cause.defects(cause)], printed),
  ...Array.flatMap(Cause.prettyErrors(cause), printed)
]

/** What an operation succeeds with is data, which holds what the server sent: `successes: false` leaves it out. */
export const make = ({ successes = true }: { readonly successes?: boolean } = {}): Witness => {
  const spans: Array<RecordedSpan> = []
  const lines: Array<string> = []
  const texts: Array<string> = []
  const tell = (...values: ReadonlyArray<unknown>) => {
    for (const value of values) {
      if (!successes && Exit.isExit(value) && Exit.isSuccess(value)) continue
      texts.push(...printed(value))
      if (Exit.isExit(value) && Exit.isFailure(value)) texts.push(...ofCause(value.cause))
    }
  }
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span = new RecordedSpan(name, parent, context, links, startTime, kind, spans.length, tell)
      spans.push(span)
      return span
    },
    context: (execution) => execution()
  })
  const logger = Logger.make<unknown, void>((options) => {
    const { annotations, cause, message } = options
    const line = attempt(() => Logger.stringLogger.log(options))
    lines.push(line)
    tell(message, cause, [...annotations])
    texts.push(
      line,
      attempt(() => Logger.jsonLogger.log(options)),
      attempt(() => Logger.logfmtLogger.log(options)),
      attempt(() => inspect(Logger.structuredLogger.log(options), { depth: null, showHidden: true }))
    )
  })
  return {
    spans,
    lines,
    texts,
    watch: (effect) =>
      Effect.exit(Effect.asVoid(effect)).pipe(
        Effect.tap((exit) => {
          if (Exit.isSuccess(exit)) return Effect.void
          tell(exit)
          return Effect.all([Effect.logError(exit.cause), Effect.logDebug("ended", exit)])
        })
      ),
    layer: Layer.mergeAll(
      Layer.setTracer(tracer),
      Logger.replace(Logger.defaultLogger, logger),
      Logger.minimumLogLevel(LogLevel.All)
    )
  }
}
