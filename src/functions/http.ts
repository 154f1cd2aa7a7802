import { defaultIsContentTypeBinary, handle } from 'hono/aws-lambda'
import { createHttpApp } from './http-app.ts'
import { services } from './services.ts'

/** The http function, behind a function URL. */
export const handler = handle(createHttpApp(services), {
  // A log holds any bytes: as text they would not survive the way through JSON.
  isContentTypeBinary: type => type.startsWith('text/plain') || defaultIsContentTypeBinary(type),
})
