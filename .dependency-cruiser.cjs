/** Directions of imports: examples, docs, tests, bench and cli -> node -> http, memory -> core; nothing back, nothing round. */
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Internal modules may import types of the public module that uses them: such an import does not run.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }
    },
    {
      name: "core-stands-alone",
      severity: "error",
      from: { path: "^packages/core/" },
      to: { path: "^packages/(?!core/)" }
    },
    {
      name: "http-and-memory-know-core-only",
      severity: "error",
      from: { path: "^packages/(http|memory)/" },
      to: { path: "^packages/", pathNot: "^packages/(core|$1)/" }
    },
    {
      name: "memory-takes-the-port-and-nothing-else",
      comment: "The memory Glance is written from what Glance does, so that it cannot share core's mistakes.",
      severity: "error",
      from: { path: "^packages/memory/" },
      to: { path: "^packages/core/", pathNot: "^packages/core/src/GlanceClient\\.ts$" }
    },
    {
      name: "nothing-imports-the-command-line",
      severity: "error",
      from: { pathNot: "^packages/cli/" },
      to: { path: "^packages/cli/" }
    },
    {
      name: "no-node-in-portable-code",
      severity: "error",
      from: { path: "^packages/", pathNot: "^packages/(node|cli)/" },
      to: { dependencyTypes: ["core"] }
    },
    {
      name: "no-node-platform-in-portable-code",
      severity: "error",
      from: { path: "^packages/", pathNot: "^packages/(node|cli)/" },
      to: { path: "@effect/platform-node" }
    },
    {
      name: "internal-stays-internal",
      comment: "The Glance within the memory cloud is no public module, and is compared with the real one as it is.",
      severity: "error",
      from: { path: "^(examples|docs|bench|test)/", pathNot: "^test/(memory/|glance/differential)" },
      to: { path: "^packages/[^/]+/src/internal/" }
    },
    {
      name: "packages-use-public-modules-of-each-other",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/[^/]+/src/internal/", pathNot: "^packages/$1/" }
    },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] }
  }
}
