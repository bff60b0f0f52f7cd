import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import type { Plugin } from 'vite';

/** Below this the headers weigh more than what is saved. */
const SMALLEST_BYTES = 1024;
/** Of 11; the last two take ten times as long for a twentieth. */
const BROTLI_QUALITY = 9;

/**
 * Writes `.br` and `.gz` beside every asset, once, so that the gateway never compresses: 3 MB of pages go over a phone's
 * network as 0.8 MB. Browsers take Brotli over https and from localhost only, so both are needed.
 */
export function precompressPlugin(): Plugin {
  const brotli = promisify(brotliCompress);
  const deflate = promisify(gzip);
  return {
    name: 'wayside-precompress',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      const compressed = Object.values(bundle).map(async (output) => {
        const content = Buffer.from(output.type === 'chunk' ? output.code : output.source);
        if (!output.fileName.startsWith('assets/') || content.byteLength < SMALLEST_BYTES) return;
        const file = join(dir, output.fileName);
        const params = { [zlib.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
        await writeFile(`${file}.br`, await brotli(content, { params }));
        await writeFile(`${file}.gz`, await deflate(content, { level: zlib.Z_BEST_COMPRESSION }));
      });
      await Promise.all(compressed);
    },
  };
}
