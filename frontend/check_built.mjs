// Builds the sources anew and compares them with the files in web/js that ComfyUI serves.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "vite"

const committed = fileURLToPath(new URL("../web/js", import.meta.url))
const fresh = mkdtempSync(join(tmpdir(), "shared-world-frontend-"))
try {
  process.env.BUILT_FOLDER = fresh
  await build({ configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)), logLevel: "warn" })
  const names = new Set([...readdirSync(committed), ...readdirSync(fresh)])
  const text = (folder, name) =>
    readdirSync(folder).includes(name) ? readFileSync(join(folder, name), "utf8") : undefined
  const different = [...names].filter((name) => text(committed, name) !== text(fresh, name))
  if (different.length > 0) {
    console.error(`web/js is not what the sources make: ${different.join(", ")}. Run "npm run build" in frontend/.`)
    process.exitCode = 1
  }
} finally {
  rmSync(fresh, { recursive: true })
}
