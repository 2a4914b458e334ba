import type { JsonObject } from "../python.js"

export interface Row {
  readonly id: number
  readonly createdAt: number
  updatedAt: number
}

export interface ObjectRow extends Row {
  name: string
  description: string | null
  /** Names joined with commas. */
  required: string | null
  properties: JsonObject
}

export interface TagRow extends Row {
  name: string
}

export interface AssociationRow extends Row {
  readonly name: string
  readonly prefix: string | null
  readonly target: string | null
}

export interface Namespace extends Row {
  name: string
  displayName: string | null
  description: string | null
  visibility: string
  protected: boolean
  owner: string
  readonly properties: Map<string, JsonObject>
  readonly objects: Map<string, ObjectRow>
  readonly tags: Map<string, TagRow>
  readonly associations: Map<string, AssociationRow>
}

/** Those that came with the service were never updated. */
export interface ResourceTypeRow {
  readonly name: string
  readonly createdAt: number
  readonly updatedAt: number | undefined
}

/** The catalogue of metadata definitions. Resource types are never deleted. */
export interface Metadefs {
  readonly namespaces: Map<string, Namespace>
  readonly resourceTypes: Map<string, ResourceTypeRow>
  lastId: number
}
