import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname ?? new URL(".", import.meta.url).pathname, // Node 18 has no dirname
  base: "./",
  esbuild: { jsx: "automatic" },
  build: { target: "es2022", emptyOutDir: true, modulePreload: { polyfill: false } },
});
