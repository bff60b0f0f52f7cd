import { isCbor, readCbor } from './cbor.ts';
import type { Arrival, Codec, Decoded } from './codec.ts';
import { decodeDocument, jsonCodec } from './json.ts';
import { type Document, readJson } from './json-text.ts';
import { decodeSenml, isSenml } from './senml.ts';
import { isGzip, unpack } from './unpack.ts';

const OPENING_BRACE = 0x7b;

/**
 * What comes on `devices/{id}/telemetry`, told apart by its first bytes: native readings as JSON or CBOR, a SenML pack as
 * JSON or CBOR, and each of them in gzip. An array is SenML if its first record has a label of SenML (`n`, `bn`, `v` …) and
 * no field of a native reading: the two have no name in common.
 */
export const nativeCodec: Codec = {
  decode(payload, arrival) {
    // Nearly every message is one native reading.
    if (payload[0] === OPENING_BRACE) return jsonCodec.decode(payload);
    if (!isGzip(payload)) return decodePlain(payload, arrival);
    const unpacked = unpack('gzip', payload);
    return unpacked.ok
      ? decodePlain(unpacked.bytes, arrival)
      : { readings: [], problems: [unpacked.problem] };
  },
};

function decodePlain(payload: Uint8Array, arrival: Arrival): Decoded {
  const document: Document = isCbor(payload) ? readCbor(payload) : readJson(payload);
  if (!document.ok) return { readings: [], problems: [document.problem] };
  return isSenml(document.value)
    ? decodeSenml(document.value, arrival.receivedAt)
    : decodeDocument(document.value);
}
