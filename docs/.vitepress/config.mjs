import { existsSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"

const repository = "https://github.com/effect-glance/effect-glance"

const guides = [
  { text: "List and search", link: "/guides/list-and-search" },
  { text: "Create and update", link: "/guides/create-and-update" },
  { text: "Upload and download", link: "/guides/upload-and-download" },
  { text: "Import", link: "/guides/import" },
  { text: "Release", link: "/guides/release" },
  { text: "Share", link: "/guides/share" },
  { text: "Tags", link: "/guides/tags" },
  { text: "Metadata definitions", link: "/guides/metadata-definitions" },
  { text: "Tasks", link: "/guides/tasks" },
  { text: "Stores, cache and quotas", link: "/guides/stores-and-cache" }
]

const connections = [
  { text: "clouds.yaml and OS_* variables", link: "/guides/clouds-yaml" },
  { text: "Several clouds", link: "/guides/several-clouds" },
  { text: "Rackspace", link: "/guides/rackspace" },
  { text: "Retries and limits", link: "/guides/retries-and-limits" },
  { text: "Telemetry", link: "/guides/telemetry" },
  { text: "Custom HTTP clients", link: "/guides/http-clients" },
  { text: "Browsers, Bun, Deno, workers", link: "/guides/runtimes" }
]

const tests = [
  { text: "Tests on a cloud in memory", link: "/guides/testing" },
  { text: "The cloud on a socket", link: "/guides/memory-server" }
]

const coming = [
  { text: "From pyrax", link: "/coming-from/pyrax" },
  { text: "From openstacksdk", link: "/coming-from/openstacksdk" },
  { text: "From python-glanceclient", link: "/coming-from/glanceclient" },
  { text: "From gophercloud", link: "/coming-from/gophercloud" }
]

const reference = [
  { text: "Errors", link: "/errors" },
  { text: "Known behaviour of Glance", link: "/glance" },
  { text: "Routes", link: "/routes" },
  { text: "Limits and rules", link: "/rules" },
  { text: "Performance", link: "/performance" },
  { text: "Architecture", link: "/architecture" },
  { text: "Compatibility", link: "/compatibility" },
  { text: "Troubleshooting", link: "/troubleshooting" }
]

/** The modules of the API reference, which `npm run docs` writes. */
const modules = ["core", "http", "memory", "node"].map((name) => {
  const folder = fileURLToPath(new URL(`../api/${name}`, import.meta.url))
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".md")) : []
  const items = files
    .map((file) => file.replace(/\.md$/, ""))
    .map((module) => ({ text: module, link: `/api/${name}/${module}` }))
  return { text: `@effect-glance/${name}`, collapsed: true, items }
})

export default defineConfig({
  title: "effect-glance",
  description: "A client of the OpenStack Image service (Glance) for Effect",
  base: "/effect-glance/",
  cleanUrls: true,
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guides/list-and-search", activeMatch: "/guides/" },
      { text: "Recipes", link: "/recipes" },
      { text: "Errors", link: "/errors" },
      { text: "API", link: "/api/", activeMatch: "/api/" }
    ],
    sidebar: [
      {
        text: "Begin",
        items: [
          { text: "Start", link: "/start" },
          { text: "Concepts", link: "/concepts" }
        ]
      },
      { text: "Work with images", items: guides },
      { text: "Connect", items: connections },
      { text: "The command line", link: "/command-line" },
      { text: "Test", items: tests },
      { text: "Recipes", link: "/recipes" },
      { text: "Come from another client", items: coming },
      { text: "Reference", items: reference },
      { text: "API", link: "/api/", items: modules }
    ],
    socialLinks: [{ icon: "github", link: repository }]
  }
})
