/** How an exported library is called: of loss `infoNCE`, `infinitile_info_nce`, `INFINITILE_INFO_NCE` and `info_nce`. */
export interface LibraryNames {
  /** Of the CMake package, and before everything that the header declares. */
  readonly prefix: string;
  /** Before its macros and constants. */
  readonly macro: string;
  /** Of the CMake target, behind `infinitile::`. */
  readonly short: string;
}

export function libraryNames(loss: string): LibraryNames {
  const short = snakeCase(loss);
  const prefix = `infinitile_${short}`;
  return { prefix, macro: prefix.toUpperCase(), short };
}

/** `queryPanels` is `query_panels`. */
export function snakeCase(name: string): string {
  return identifierOf(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2')).toLowerCase();
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `x86-64-v4` is `x86_64_v4`. */
export function identifierOf(name: string): string {
  return name.replace(/\W/g, '_');
}

/** A user's name as a member of a struct; words of C and C++ get a `_`. */
export function memberName(name: string): string {
  return words.has(name) ? `${name}_` : name;
}

const words: ReadonlySet<string> = new Set(
  [
    'alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl concept const consteval',
    'constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit export',
    'extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected',
    'public register reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch template this',
    'thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq',
    'errno linux NULL stdin stdout stderr unix EOF',
  ].flatMap((line) => line.split(' ')),
);
