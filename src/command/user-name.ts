import { userInfo } from 'node:os'

/** The name of the user who runs the commands. `lambci` if the system does not know it, as on Lambda in a custom image. */
export function userName(): string {
  try {
    return userInfo().username || 'lambci'
  } catch {
    return 'lambci'
  }
}
