import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** Bare Aedes as its README starts it: no login, no persistence on disk, PUBACK at once. */
const aedes = await Aedes.createBroker();
const server = createServer(aedes.handle);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
});
