/** Why a connection ended. */
export type EndReason =
  /** The client said goodbye. */
  | 'disconnected'
  /** The network broke, or the client went without a word. */
  | 'connection_lost'
  /** Nothing was heard for one and a half times the keep-alive time [MQTT-3.1.2-24]. */
  | 'keep_alive'
  /** The same client id connected again [MQTT-3.1.4-2]. */
  | 'replaced'
  /** The client broke the protocol or a limit. */
  | 'protocol_error'
  /** The gateway closed it: credentials changed, or it stops. */
  | 'closed';
