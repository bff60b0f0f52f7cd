/** A part of an address as it was meant; null where somebody wrote what no part can be, such as a lone `%`. */
export function decodedPart(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
