import { defineConfig } from "vitest/config"

/** Where the counts of tests go, for whoever adds them up. */
const report = process.env["VITEST_REPORT"]

/** Takes longer than all other tests together, so it is run by itself. */
const commandLine = "test/glance/commandLine.test.ts"

export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "test/{cli,core,http,memory,node,wire,examples,docs}/**/*.test.ts",
            "{examples,docs/snippets}/**/*.test.ts"
          ],
          // Property tests take a second of two idle cores, and many times that of busy ones.
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./tsconfig.json" }
        }
      },
      { test: { name: "browsers", include: ["test/browsers/**/*.test.ts"] } },
      {
        test: {
          name: "glance",
          include: ["test/glance/**/*.test.ts"],
          exclude: [commandLine],
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      { test: { name: "command-line", include: [commandLine], testTimeout: 60_000, hookTimeout: 60_000 } }
    ]
  }
})
