import { contract } from "../contract/index.js"
import { theMemoryCloud } from "./theMemoryCloud.js"

contract("the contract on the memory cloud", theMemoryCloud)
