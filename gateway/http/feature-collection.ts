/** A FeatureCollection of texts of Features that come in parts, to be sent as it is made. */
export async function* featureCollection(parts: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  yield '{"type":"FeatureCollection","features":[';
  let separator = '';
  for await (const texts of parts) {
    yield separator + texts.join(',');
    separator = ',';
  }
  yield ']}';
}
