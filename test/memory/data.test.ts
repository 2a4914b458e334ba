import { dataContract } from "../contract/data.js"
import { theMemoryCloud } from "./theMemoryCloud.js"

dataContract("the contract of data on the memory cloud", theMemoryCloud, { stores: ["fast", "slow"] })
