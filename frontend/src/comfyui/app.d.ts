/** The page's own module, scripts/app.js; the build leaves it outside. */
declare module "comfyui" {
  export const app: import("./page").ComfyApp
}

declare module "*?raw" {
  const text: string
  export default text
}

declare module "*.css?inline" {
  const text: string
  export default text
}
