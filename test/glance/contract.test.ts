import { theRealCloud } from "../contract/cloud.js"
import { contract } from "../contract/index.js"

contract("the contract on a real Glance", theRealCloud)
