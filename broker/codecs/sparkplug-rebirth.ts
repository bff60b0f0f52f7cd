import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { DialectRequest } from './codec.ts';
import { DATATYPE } from './sparkplug-payload.ts';
import { SPARKPLUG_PREFIX, type SparkplugTopic } from './sparkplug-topic.ts';

/**
 * The command `Node Control/Rebirth`, which every edge node takes.
 *
 * @param deviceId of the edge node
 * @param at epoch ms, a whole number
 */
export function rebirthRequest(
  deviceId: string,
  { group, node }: SparkplugTopic,
  at: number,
): DialectRequest {
  const metric = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string('Node Control/Rebirth')
    .tag(3, WireType.Varint)
    .uint64(at)
    .tag(4, WireType.Varint)
    .uint32(DATATYPE.boolean)
    .tag(14, WireType.Varint)
    .bool(true)
    .finish();
  const payload = new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint64(at)
    .tag(2, WireType.LengthDelimited)
    .bytes(metric)
    .finish();
  return { kind: 'send', deviceId, topic: `${SPARKPLUG_PREFIX}${group}/NCMD/${node}`, payload };
}
