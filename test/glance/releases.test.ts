import { theRealCloud } from "../contract/cloud.js"
import { releasesContract } from "../contract/releases.js"

releasesContract("releases on a real Glance", theRealCloud, { times: 5 })
