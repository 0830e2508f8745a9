import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { GROUPS, type Indicator } from '../../chart/tools/indicators/indicator'
import type { Placed } from '../../chart/tools/indicators/indicatorLayer'
import { INDICATORS, indicatorOf } from '../../chart/tools/indicators/table'
import type { IndicatorSet } from '../../state/tools/indicatorSet'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { StarIcon } from '../icons'
import { useSignal } from '../usePage'

const FILTERS = ['all', 'favourites', ...GROUPS] as const
type Filter = (typeof FILTERS)[number]

interface Props {
  set: IndicatorSet
  /** The one to edit at once. */
  edit: number | null
  onClose(): void
}

/** The list of indicators, and beside it those on the chart with their parameters. What is changed shows at once. */
export function IndicatorDialog({ set, edit, onClose }: Props) {
  useSignal(set.changed)
  const dialog = useRef<HTMLDialogElement>(null)
  const [typed, setTyped] = useState('')
  const [filter, setFilter] = useState<Filter>('all')
  /** Which of those on the chart is being edited. */
  const [chosen, setChosen] = useState(edit)
  const list = useRef<HTMLUListElement>(null)
  const found = find(typed, filter, set.favourites)

  useLayoutEffect(() => dialog.current?.showModal(), [])
  useEffect(() => setChosen(edit), [edit])
  const add = (id: string) => setChosen(set.add(id)?.key ?? chosen)
  const step = (event: KeyboardEvent, by: number) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>('.add') ?? [])]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    buttons[Math.min(Math.max(at + by, 0), buttons.length - 1)]?.focus()
    event.preventDefault()
  }
  const onKey = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement
    if (target.closest('.placed-list') || target.closest('.filters')) return
    if (event.key === 'ArrowDown') step(event, 1)
    else if (event.key === 'ArrowUp') step(event, -1)
    else if (event.key === 'Enter' && target instanceof HTMLInputElement && found[0] !== undefined) add(found[0].id)
  }

  return (
    <dialog
      ref={dialog}
      className="indicator-dialog"
      aria-label={panelText.indicators}
      onClose={onClose}
      onKeyDown={onKey}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <div className="dialog-frame">
        <header>
          <h2>{panelText.indicators}</h2>
          <button type="button" className="close" aria-label={text.close} onClick={() => dialog.current?.close()}>
            <span aria-hidden="true">×</span>
          </button>
        </header>
        <fieldset className="filters" aria-label={panelText.indicators}>
          {FILTERS.map((name) => (
            <label key={name}>
              <input type="radio" name="filter" checked={filter === name} onChange={() => setFilter(name)} />
              <span>{panelText.groups[name]}</span>
            </label>
          ))}
        </fieldset>
        <section className="found" aria-label={panelText.searchIndicators}>
          <input
            type="search"
            aria-label={panelText.searchIndicators}
            placeholder={`${panelText.searchIndicators}…`}
            autocomplete="off"
            autofocus={edit === null}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <ul ref={list}>
            {found.map((indicator) => (
              <Entry key={indicator.id} indicator={indicator} set={set} onAdd={() => add(indicator.id)} />
            ))}
          </ul>
          {found.length === 0 && (
            <p className="nothing" role="status">
              {panelText.noIndicator(typed)}
            </p>
          )}
        </section>
        <section className="placed-list" aria-label={panelText.onChart}>
          <h3>{panelText.onChart}</h3>
          {set.placed.length === 0 && <p className="muted">{panelText.nothingOnChart}</p>}
          {set.placed.map((placed) => (
            <PlacedItem
              key={placed.key}
              set={set}
              placed={placed}
              isOpen={placed.key === chosen}
              onChoose={() => setChosen(placed.key === chosen ? null : placed.key)}
            />
          ))}
          <p className="gap-sentence">{panelText.gapSentence}</p>
        </section>
      </div>
    </dialog>
  )
}

function Entry({ indicator, set, onAdd }: { indicator: Indicator; set: IndicatorSet; onAdd(): void }) {
  const isFavourite = set.favourites.includes(indicator.id)
  const label = panelText.favouriteIndicator(indicator.name)
  return (
    <li>
      <button type="button" className="add" onClick={onAdd}>
        <strong>{indicator.name}</strong> {indicator.title}
      </button>
      <button
        type="button"
        className={isFavourite ? 'star on' : 'star'}
        aria-pressed={isFavourite}
        aria-label={label}
        title={label}
        onClick={() => set.toggleFavourite(indicator.id)}
      >
        <StarIcon filled={isFavourite} />
      </button>
    </li>
  )
}

interface ItemProps {
  set: IndicatorSet
  placed: Placed
  isOpen: boolean
  onChoose(): void
}

function PlacedItem({ set, placed, isOpen, onChoose }: ItemProps) {
  const indicator = indicatorOf(placed.id)!
  const name = set.name(placed)
  return (
    <div className="placed">
      <button type="button" className="placed-name" aria-expanded={isOpen} onClick={onChoose}>
        <span className={`swatch ink${placed.ink[0] ?? 0}`} aria-hidden="true" /> {name}
      </button>
      {isOpen && (
        <div className="fields">
          {indicator.parameters.map((parameter, index) => (
            <label key={parameter.name}>
              {panelText.parameters[parameter.name]}
              <input
                type="number"
                min={parameter.least}
                max={parameter.most}
                step={parameter.step}
                value={placed.parameters[index]}
                onInput={({ currentTarget: { valueAsNumber: value, validity } }) => {
                  // What is out of range stays in the field and is not computed.
                  if (validity.valid && Number.isFinite(value))
                    set.edit(placed.key, { parameters: placed.parameters.map((old, i) => (i === index ? value : old)) })
                }}
              />
            </label>
          ))}
          {indicator.lines.map((line, index) => (
            <label key={line.name}>
              {panelText.colourOf(line.name)}
              <select
                className={`ink${placed.ink[index]}`}
                value={String(placed.ink[index])}
                onChange={({ currentTarget: { value } }) =>
                  set.edit(placed.key, { ink: placed.ink.map((old, i) => (i === index ? Number(value) : old)) })
                }
              >
                {panelText.inks.map((ink, i) => (
                  <option key={ink} value={String(i)}>
                    {ink}
                  </option>
                ))}
              </select>
            </label>
          ))}
          <div className="placed-buttons">
            <button type="button" aria-label={panelText.moveUp(name)} onClick={() => set.move(placed.key, -1)}>
              ↑
            </button>
            <button type="button" aria-label={panelText.moveDown(name)} onClick={() => set.move(placed.key, 1)}>
              ↓
            </button>
            <button type="button" onClick={() => set.remove(placed.key)}>
              {panelText.remove(name)}
            </button>
          </div>
        </div>
      )}
    </div>
  )
}

/** Those whose name or title holds every word typed; favourites first. */
function find(typed: string, filter: Filter, favourites: readonly string[]): readonly Indicator[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const isFavourite = ({ id }: Indicator) => favourites.includes(id)
  const matching = INDICATORS.filter((indicator) => {
    const said = `${indicator.id} ${indicator.name} ${indicator.title}`.toLowerCase()
    const inGroup = filter === 'all' || (filter === 'favourites' ? isFavourite(indicator) : indicator.group === filter)
    return inGroup && words.every((word) => said.includes(word))
  })
  const rank = (indicator: Indicator) =>
    indicator.name.toLowerCase() === words[0] ? 0 : isFavourite(indicator) ? 1 : 2
  return [...matching].sort((a, b) => rank(a) - rank(b))
}
