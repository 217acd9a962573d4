import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { minifySync } from "rolldown/experimental"
import type { Plugin } from "vite"
import { defineConfig } from "vitest/config"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** ComfyUI's page loads every .js file below web/ as an extension; what only these import is built as .mjs. */
const extensions = {
  draw_agents: here("src/editor/extension.ts"),
  agents_player: here("src/player/extension.ts"),
  action_script: here("src/actions/extension.ts"),
}

/** Our own files stay readable; the library that is built in is made small, and its licence goes with it. */
const smallLibrary: Plugin = {
  name: "small-library",
  renderChunk(code, chunk) {
    if (chunk.name !== "three") return null
    const licence = readFileSync(here("node_modules/three/LICENSE"), "utf8").trim()
    return { code: `/*!\n${licence}\n*/\n${minifySync(chunk.fileName, code, { module: true }).code}\n`, map: null }
  },
}

export default defineConfig({
  root: here("."),
  publicDir: false,
  base: "./",
  plugins: [smallLibrary],
  build: {
    target: "es2022",
    outDir: process.env.BUILT_FOLDER ?? here("../web/js"),
    emptyOutDir: true,
    minify: false,
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      input: extensions,
      external: ["comfyui"],
      preserveEntrySignatures: false,
      output: {
        format: "es",
        paths: { comfyui: "../../../scripts/app.js" },
        entryFileNames: "[name].js",
        chunkFileNames: "[name]-[hash].mjs",
        codeSplitting: { groups: [{ name: "three", test: /node_modules[\\/]three[\\/]/ }] },
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
})
