export { type Glance, type ImageState, make } from "./Glance.js"
export type * from "./options.js"
