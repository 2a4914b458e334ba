// Installs the browsers that `npm run test:browsers` drives, from Debian's packages, where they are missing.
import { install } from "./glance/packages.mjs"

await install(console.log, ["chromium", "firefox-esr"])
