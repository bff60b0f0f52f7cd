import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Which folders a folder may import from, itself aside; a longer path names single rooms. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  rules: [],
  broker: ['rules'],
  gateway: ['rules', 'broker'],
  'devices-sim': ['broker/topics.ts', 'broker/codecs'],
  dashboard: [],
};
/** What the pure core takes from npm. */
const RULES_PACKAGES = ['@marcbachmann/cel-js', 'liquidjs', 'flatbush', 'geolib', 'point-in-polygon-hao'];

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

/** All import and export-from statements of the TypeScript files below `root`, relative targets resolved. */
async function importsOf(root: string): Promise<Import[]> {
  const found: Import[] = [];
  for (const folder of Object.keys(ARROWS)) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || /\/(dist|node_modules)\//.test(path)) continue;
      const source = await readFile(path, 'utf8');
      const statement =
        /^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
      for (const match of source.matchAll(statement)) {
        const named = match[2] ?? match[3] ?? match[4] ?? '';
        const target = named.startsWith('.') ? relative(root, resolve(dirname(path), named)) : named;
        found.push({ file: relative(root, path), target, typeOnly: match[1] !== undefined });
      }
    }
  }
  return found;
}

function arrowViolations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, target, typeOnly }) => {
    const from = file.split('/')[0] ?? '';
    const to = target.split('/')[0] ?? '';
    if (from === 'rules' && !(to in ARROWS)) {
      return RULES_PACKAGES.includes(target) ? [] : [`${file} imports ${target}`];
    }
    if (!(to in ARROWS) || from === to || (from === 'dashboard' && typeOnly)) return [];
    const allowed = ARROWS[from] ?? [];
    return allowed.some((room) => target === room || target.startsWith(`${room}/`))
      ? []
      : [`${file} imports ${target}`];
  });
}

/** Files that reach themselves through imports; types count too, for a cycle of them is a knot as well. */
function cycles(imports: readonly Import[]): string[] {
  const graph = Map.groupBy(
    imports.filter(({ target }) => /\.tsx?$/.test(target)),
    ({ file }) => file,
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { target } of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

describe('the folders', () => {
  it('import one way, without a cycle, and rules/ takes only its own packages', async () => {
    const imports = await importsOf(ROOT);
    const folders = new Set(imports.map(({ file }) => file.split('/')[0]));
    expect([...folders].sort(), 'the check looked into every folder').toEqual(Object.keys(ARROWS).sort());
    expect(imports.length, 'the check read the imports').toBeGreaterThan(200);
    expect(arrowViolations(imports)).toEqual([]);
    expect(cycles(imports)).toEqual([]);
  });

  describe('in a tree with planted violations', () => {
    let root = '';
    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'wayside-arrows-'));
      const files: Record<string, string> = {
        'rules/a.ts': "import { b } from './b.ts';\nimport fs from 'node:fs';\nexport const a = [b, fs];\n",
        'rules/b.ts': "export * from './a.ts';\nimport { x } from '../broker/x.ts';\nexport const b = x;\n",
        'broker/x.ts': "import '../gateway/y.ts';\nexport const x = 1;\n",
        'gateway/y.ts': "export const y = await import('../devices-sim/z.ts');\n",
        'devices-sim/z.ts': "import { b } from '../rules/b.ts';\nexport const z = b;\n",
        'dashboard/d.ts':
          "import { y } from '../gateway/y.ts';\nimport type { x } from '../broker/x.ts';\nexport const d = y;\n",
      };
      for (const [name, source] of Object.entries(files)) {
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), source);
      }
    });
    afterAll(() => rm(root, { recursive: true, force: true }));

    it('the check finds each of them', async () => {
      const imports = await importsOf(root);
      expect(arrowViolations(imports).sort()).toEqual([
        'broker/x.ts imports gateway/y.ts',
        'dashboard/d.ts imports gateway/y.ts',
        'devices-sim/z.ts imports rules/b.ts',
        'gateway/y.ts imports devices-sim/z.ts',
        'rules/a.ts imports node:fs',
        'rules/b.ts imports broker/x.ts',
      ]);
      expect(cycles(imports)).toContain('rules/a.ts → rules/b.ts → rules/a.ts');
    });
  });
});
