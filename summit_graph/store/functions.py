"""The functions that a reading query may call, on either engine: those that only compute.

What is not here is refused, whoever made it: a plugin's function may read files and reach hosts (apoc.load…), and the
embedded engine has some that change the database (nextval). Names are compared in small letters.
"""

from __future__ import annotations

_AGGREGATING = "avg collect count max min percentilecont percentiledisc stdev stdevp sum count_star"
_PREDICATES = "all any exists isempty isnan none single wshortest"
_ENTITIES = """
    coalesce cost elementid endnode head id ifnull is_acyclic is_trail keys label labels last length nodes nullif offset
    properties relationships rels startnode tail type typeof valuetype allshortestpaths shortestpath
"""
_CONVERSIONS = """
    cast toboolean tobooleanlist tobooleanornull tofloat tofloatlist tofloatornull tointeger tointegerlist
    tointegerornull tostring tostringlist tostringornull to_int64 to_double string
"""
_LISTS = """
    range reduce reverse size array_contains array_cosine_similarity array_distance array_dot_product
    array_inner_product array_value list_append list_any_value list_cat list_concat list_contains list_creation
    list_distinct list_element list_extract list_filter list_has list_indexof list_len list_position list_prepend
    list_product list_reduce list_reverse list_reverse_sort list_slice list_sort list_sum list_to_string list_transform
    list_unique map map_extract map_keys map_values cardinality element_at struct_extract struct_pack
"""
_NUMBERS = """
    abs acos asin atan atan2 bitshift_left bitshift_right bitwise_and bitwise_or bitwise_xor cbrt ceil ceiling cos cosh
    cot coth degrees e even exp factorial floor gamma greatest haversin least lgamma ln log log10 log2 negate pi pow
    power radians rand round sign sin sinh sqrt tan tanh vector.similarity.cosine vector.similarity.euclidean
"""
_TEXTS = """
    btrim char_length character_length concat contains ends_with initcap lcase left levenshtein lower lpad ltrim md5
    normalize prefix regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace repeat replace
    right rpad rtrim sha256 split split_part starts_with string_split substr substring suffix tolower toupper trim ucase
    upper
"""
_TIMES_AND_PLACES = """
    current_date current_timestamp date date.truncate date_part date_trunc datetime datetime.fromepoch
    datetime.fromepochmillis datetime.truncate duration duration.between duration.indays duration.inmonths
    duration.inseconds localdatetime localdatetime.truncate localtime time timestamp point point.distance
    point.withinbbox randomuuid
"""
FUNCTIONS = frozenset(
    " ".join((_AGGREGATING, _PREDICATES, _ENTITIES, _CONVERSIONS, _LISTS, _NUMBERS, _TEXTS, _TIMES_AND_PLACES)).split()
)
