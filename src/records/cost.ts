/**
 * AWS's prices in us-east-1, in US dollars, as of autumn 2026. Other regions differ by a few per cent, and the monthly free
 * tier is not deducted. https://aws.amazon.com/lambda/pricing/, /s3/pricing/, /sns/pricing/,
 * /eventbridge/pricing/
 */
export const PRICES = {
  gbSecond: { arm64: 0.0000133334, x64: 0.0000166667 },
  /** For `/tmp`, beyond the first 512 MB. */
  storageGbSecond: 0.0000000309,
  invocation: 0.2 / 1e6,
  s3Write: 0.005 / 1000,
  s3Read: 0.0004 / 1000,
  message: 0.5 / 1e6,
  schedule: 1 / 1e6,
}
const FREE_STORAGE_MB = 512

/** The usage of a build besides its own function: measured on an ordinary build, and rounded up. */
const OVERHEAD = {
  /** For http (one invocation) and report (four), with 512 MB each. */
  seconds: 3,
  memoryMb: 512,
  invocations: 6,
  writes: 28,
  reads: 36,
  messages: 2,
  schedules: 1,
}
/** Records, log and message of each further job, and report's reads and writes for it, rounded up. */
const JOB_WRITES = 14
/** A large log is composed of parts of this size. */
const PART_BYTES = 5 * 1024 * 1024
/** For 5 GB. A job can store objects of any size, and pays only for its requests. */
const MOST_PARTS = 1000

/** A build's use of its function and of the bucket. */
export type Usage = {
  seconds: number
  memoryMb: number
  /** Size of the writable disk. */
  storageMb: number
  architecture: string
  /** The log: the number of uploaded objects, and its size. */
  segments: number
  bytes: number
}

/**
 * An estimate of a job's cost, in US dollars.
 * @param isLead whether it is the first job of its build, whose cost includes the rest of the build
 */
export function costOf(
  { seconds, memoryMb, storageMb, architecture, segments, bytes }: Usage,
  isLead = true,
): number {
  const gbSecond = architecture === 'arm64' ? PRICES.gbSecond.arm64 : PRICES.gbSecond.x64
  const storage = (Math.max(0, storageMb - FREE_STORAGE_MB) / 1024) * seconds * PRICES.storageGbSecond
  const computing = (memoryMb / 1024) * seconds * gbSecond
  const overhead = isLead ? overheadCost(gbSecond) : JOB_WRITES * PRICES.s3Write
  return (
    computing + storage + overhead + (segments + Math.min(bytes / PART_BYTES, MOST_PARTS)) * PRICES.s3Write
  )
}

const overheadCost = (gbSecond: number) =>
  (OVERHEAD.memoryMb / 1024) * OVERHEAD.seconds * gbSecond +
  OVERHEAD.invocations * PRICES.invocation +
  OVERHEAD.writes * PRICES.s3Write +
  OVERHEAD.reads * PRICES.s3Read +
  OVERHEAD.messages * PRICES.message +
  OVERHEAD.schedules * PRICES.schedule

/** `~$0.0021`: two significant digits; tenths of a cent from one cent on. */
export const describeCost = (dollars: number): string =>
  `~$${dollars >= 0.01 ? dollars.toFixed(3) : Number(dollars.toPrecision(2)).toFixed(4)}`
