// Compresses what was built, once and for all: browsers get these files as they are.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const SMALLEST = 512

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* files(path)
    else if (!/\.(br|gz)$/.test(name)) yield path
  }
}

for (const path of files('dist/app')) {
  const plain = readFileSync(path)
  if (plain.length < SMALLEST) continue
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length, [constants.BROTLI_PARAM_QUALITY]: 11 }
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: size }))
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }))
}
