import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/{core,http,memory,wire,examples}/**/*.test.ts"] } },
      {
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./tsconfig.json" }
        }
      },
      { test: { name: "glance", include: ["test/glance/**/*.test.ts"], testTimeout: 60_000, fileParallelism: false } }
    ]
  }
})
