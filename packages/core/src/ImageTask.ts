/**
 * The record of a task.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Lenient from "./internal/lenient.js"
import * as Wire from "./internal/wire.js"

/**
 * The id of a task.
 *
 * @since 0.1.0
 * @category ids
 */
export const TaskId = Schema.String.pipe(Schema.brand("TaskId"))

/**
 * The id of a task: text with a brand.
 *
 * @since 0.1.0
 * @category ids
 */
export type TaskId = typeof TaskId.Type

/**
 * The schema of a task's status: it takes any text, and its type names what Glance has today.
 *
 * @since 0.1.0
 * @category enums
 */
export const TaskStatus = Wire.openEnum<"pending" | "processing" | "success" | "failure">("TaskStatus")

/**
 * How far a task is. Open.
 *
 * @since 0.1.0
 * @category enums
 */
export type TaskStatus = typeof TaskStatus.Type

/**
 * The schema of a task's type: it takes any text, and its type names what Glance has today.
 *
 * @since 0.1.0
 * @category enums
 */
export const TaskType = Wire.openEnum<"import" | "export" | "api_image_import" | "location_import">("TaskType")

/**
 * What a task does. Open.
 *
 * @since 0.1.0
 * @category enums
 */
export type TaskType = typeof TaskType.Type

const renamed = <const Name extends string, A, I>(name: Name, schema: Schema.Schema<A, I>) =>
  Lenient.option(schema).pipe(Schema.fromKey(name))

/**
 * A task. Listings leave out `input`, `result` and `message`.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#tasks
 */
export class ImageTask extends Schema.Class<ImageTask>("@effect-glance/core/ImageTask")({
  id: TaskId,
  type: TaskType,
  status: TaskStatus,
  owner: Lenient.option(Schema.String),
  /** What the task was asked to do; its shape depends on the type. */
  input: Lenient.option(Wire.Json),
  /** What came of it: `image_id` of an import, `export_location` of an export. */
  result: Lenient.option(Wire.Json),
  /** How far it has come, or why it failed; empty mostly. */
  message: Lenient.option(Lenient.Text),
  createdAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("created_at")),
  updatedAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("updated_at")),
  /** When the server forgets the task; set when it has ended. */
  expiresAt: renamed("expires_at", Wire.Time),
  imageId: renamed("image_id", Schema.String),
  requestId: renamed("request_id", Schema.String),
  userId: renamed("user_id", Schema.String)
}) {}

/**
 * "Task or id".
 *
 * @since 0.1.0
 * @category models
 */
export type TaskRef = ImageTask | string

/**
 * The id of what was given.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (task: TaskRef): TaskId => (typeof task === "object" && task !== null ? task.id : (task as TaskId))
