import { crc32 } from 'node:zlib';
import { RPC_REQUESTS_FILTER, rpcRequestTopic } from '../../broker/codecs/thingsboard-topics.ts';
import type { CommandForm } from './command-form.ts';

/** Commands as ThingsBoard's server-side RPC: `{"method","params"}` on `v1/devices/me/rpc/request/{number}`. */
export const thingsBoardForm: CommandForm = {
  takes: (_deviceId, filter) => filter === RPC_REQUESTS_FILTER,
  encode: ({ id, name, args }) => ({
    topic: rpcRequestTopic(requestIdOf(id)),
    payload: JSON.stringify({ method: name, params: args }),
  }),
};

/**
 * The number of a command, for firmware reads it into 32 bits with a sign. Made of the command's id, so that nothing need be
 * remembered; of a device's commands that wait for an answer, two share one by a chance of one in 2³¹.
 */
export function requestIdOf(commandId: string): number {
  return crc32(commandId) >>> 1;
}
