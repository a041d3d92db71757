/// <reference types="vitest/config" />
import { defineConfig } from "vite";

// The service answers index.html at / and everything else of the build under page/; addresses are relative, so that the
// page works under any path of a proxy. Names carry no hash: the service has the browser ask whether a file changed.
export default defineConfig({
  base: "./",
  // A test reads the stylesheet's colours.
  test: { css: true },
  experimental: { renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `page/${name}` : { relative: true }) },
  build: {
    outDir: "../api/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    license: { fileName: "licences.md" },
    rolldownOptions: {
      output: { entryFileNames: "explorer.js", assetFileNames: "explorer[extname]", codeSplitting: false },
    },
  },
});
