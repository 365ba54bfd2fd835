// Builds the UI into `dist/app`, from where cargo embeds it. `npm run dev` serves it beside a gateway on port 4000.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const gateway = process.env.LOCKGATE_URL ?? 'http://localhost:4000'

export default defineConfig({
  base: '/ui/',
  plugins: [react()],
  build: { outDir: 'dist/app', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    // Whatever is no page or script of the UI is the gateway's.
    proxy: { '^/(?!ui(/|$)|@|node_modules).*': { target: gateway, changeOrigin: false } },
  },
})
