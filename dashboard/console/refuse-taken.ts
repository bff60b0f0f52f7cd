import { ApiProblem, request } from '../api/request.ts';

/** A new one must not take another's id, for saving would replace that. */
export async function refuseTaken(address: string, id: string): Promise<void> {
  try {
    await request('GET', address);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return;
    throw error;
  }
  throw new ApiProblem(
    409,
    'id_taken',
    `"${id}" is there already`,
    'Choose another one, or open that one to change it.',
  );
}
