"""The same tests of one TypeScript Worker under edgelint and under Cloudflare's own vitest plugin."""
