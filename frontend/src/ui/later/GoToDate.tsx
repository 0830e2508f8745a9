import { useState } from 'preact/hooks'
import { formatMoment } from '../../chart/format'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { useSignal } from '../usePage'

const DAY_MS = 86_400_000
const JUMPS = [1, 7, 30, 365] as const

/** A date, typed or chosen, and the way there. */
export function GoToDate({ page }: { page: Page }) {
  useSignal(page.changed)
  const zone = page.settings.timeZone
  const [typed, setTyped] = useState(() => fieldOf(page.serverNow, zone))
  const [trouble, setTrouble] = useState('')
  const go = (time: number) => {
    setTrouble('')
    void page.goTo(time).then(() => {
      const { first } = page.feed.list
      if (first !== undefined && first.time > time) page.say(panelText.nothingThen(formatMoment(time, zone)))
    })
    document.getElementById('go-to-date')?.hidePopover()
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const time = timeOf(typed, zone)
    if (!Number.isFinite(time)) setTrouble(panelText.noDate)
    else if (time > page.serverNow) setTrouble(panelText.futureDate(formatMoment(page.serverNow, zone)))
    else go(time)
  }
  return (
    <form className="date-form" onSubmit={submit} noValidate>
      <label>
        {panelText.dateIn(zone === 'utc' ? 'UTC' : panelText.zones.local)}
        <input
          type="datetime-local"
          value={typed}
          aria-invalid={trouble !== ''}
          aria-describedby="date-trouble"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <p id="date-trouble" className="trouble" role="alert">
        {trouble}
      </p>
      <button type="submit">{panelText.go}</button>
      <hr />
      {JUMPS.map((days) => (
        <button key={days} type="button" className="panel-item" onClick={() => go(page.serverNow - days * DAY_MS)}>
          {panelText.daysAgo(days)}
        </button>
      ))}
    </form>
  )
}

/** A time as a date field holds it, to the minute. */
export function fieldOf(time: number, zone: 'utc' | 'local'): string {
  const shift = zone === 'utc' ? 0 : new Date(time).getTimezoneOffset() * 60_000
  return new Date(time - shift).toISOString().slice(0, 16)
}

/** The time that a date field names in this zone; NaN where it names none. */
export function timeOf(field: string, zone: 'utc' | 'local'): number {
  return Date.parse(zone === 'utc' ? `${field}Z` : field)
}
