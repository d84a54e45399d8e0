/** Milliseconds of processor that this thread has used: what else the machine does is no part of them. */
export function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
