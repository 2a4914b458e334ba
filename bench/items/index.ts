import type { Item } from "../item.js"
import { items as decoding } from "./decoding.js"
import { items as gets } from "./gets.js"
import { items as listing } from "./listing.js"
import { items as transfers } from "./transfers.js"
import { items as updates } from "./updates.js"

export const items: ReadonlyArray<Item> = [...gets, ...updates, ...listing, ...decoding, ...transfers]
