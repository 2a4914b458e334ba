import { contract } from "../contract/index.js"
import { memoryCloudOf } from "./theMemoryCloud.js"

contract("the contract on the memory cloud as Glance 30.0", memoryCloudOf("30.0"))
