// What one packet costs at the least in Node, by the same load on the same machine in the same run: one AES-GCM and one
// `dgram.send` for each, and nothing else. In a process of its own; prints the CPU µs per packet.
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { cpuMicroseconds } from '../process-usage.ts';

const [ports = '', milliseconds = '5000'] = process.argv.slice(2);
const targets = ports.split(',').map(Number);
const key = createSecretKey(randomBytes(16));
const payload = randomBytes(1_088);
const header = randomBytes(12);
const iv = randomBytes(12);
const socket = createSocket({
  type: 'udp4',
  lookup: (address, _options, callback) => callback(null, address, 4),
});
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));

const start = performance.now();
const cpuBefore = cpuMicroseconds(process.pid);
let rounds = 0;
const timer = setInterval(() => {
  const elapsed = performance.now() - start;
  // 290 packets a second to each receiver, as in the load.
  for (; rounds < (Math.min(elapsed, Number(milliseconds)) / 1000) * 290; rounds++) {
    for (const port of targets) {
      iv.writeUInt32BE(rounds, 8);
      iv.writeUInt32BE(port, 4);
      const cipher = createCipheriv('aes-128-gcm', key, iv);
      cipher.setAAD(header);
      const packet = Buffer.concat([header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
      socket.send(packet, 0, packet.length, port, '127.0.0.1');
    }
  }
  if (elapsed < Number(milliseconds)) return;
  clearInterval(timer);
  const cpu = cpuMicroseconds(process.pid) - cpuBefore;
  socket.close();
  process.stdout.write(`${cpu / (rounds * targets.length)}\n`);
}, 2);
