/** The worker's global scope, of which TypeScript knows nothing in a program that has pages too. */
export const worker = self as unknown as ServiceWorkerGlobalScope;
