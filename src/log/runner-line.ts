import { escapeControls } from '../model/escape-controls.ts'

/** A line of the runner's own in the log, such as `▸ Fetching 1a2b3c4 from owner/repo`. */
export const runnerLine = (text: string) => `▸ ${escapeControls(text)}\n`
