import { theRealCloud } from "../contract/cloud.js"
import { dataContract } from "../contract/data.js"

dataContract("the contract of data on a real Glance", theRealCloud, { stores: ["fast", "slow"] })
