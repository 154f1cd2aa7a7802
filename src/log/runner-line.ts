import { escapeControls } from '../model/escape-controls.ts'

/** Formats a line of the runner for the log, such as `▸ Fetching 1a2b3c4 from owner/repo`. */
export const runnerLine = (text: string) => `▸ ${escapeControls(text)}\n`
