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
 * The schema of a task's status.
 *
 * @since 0.1.0
 * @category enums
 */
export const TaskStatus = Wire.openEnum<"pending" | "processing" | "success" | "failure">("TaskStatus")

/**
 * The status of a task. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type TaskStatus = typeof TaskStatus.Type

/**
 * The schema of a task's type.
 *
 * @since 0.1.0
 * @category enums
 */
export const TaskType = Wire.openEnum<"import" | "export" | "api_image_import" | "location_import">("TaskType")

/**
 * The type of a task. Any other text also decodes.
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
  /** The arguments of the task. The shape depends on the type. */
  input: Lenient.option(Wire.Json),
  /** The result: `image_id` of an import, `export_location` of an export. */
  result: Lenient.option(Wire.Json),
  /** The progress, or why the task failed. Usually empty. */
  message: Lenient.option(Lenient.Text),
  createdAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("created_at")),
  updatedAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("updated_at")),
  /** When the server deletes the task. Set when the task has ended. */
  expiresAt: renamed("expires_at", Wire.Time),
  imageId: renamed("image_id", Schema.String),
  requestId: renamed("request_id", Schema.String),
  userId: renamed("user_id", Schema.String)
}) {}

/**
 * A task or its id.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskRef = ImageTask | string

/**
 * Returns the id of a task.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (task: TaskRef): TaskId => (typeof task === "object" && task !== null ? task.id : (task as TaskId))
