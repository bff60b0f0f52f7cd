import type { HttpApp } from './context.ts';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
}

/**
 * A query string holds text only. What its schema wants as an integer, and is written as one, becomes a number before it is
 * checked. Bodies are left alone: there `"5"` for 5, or null for false, is a mistake of the sender that must not pass.
 */
export function readIntegersInQueries(app: HttpApp): void {
  app.addHook('preValidation', async (request) => {
    const schema = request.routeOptions.schema?.querystring as ObjectSchema | undefined;
    const query = request.query as Record<string, unknown>;
    for (const [name, field] of Object.entries(schema?.properties ?? {})) {
      const value = query[name];
      if (field.type === 'integer' && typeof value === 'string' && /^-?\d{1,16}$/.test(value))
        query[name] = Number(value);
    }
  });
}
